"""The school's books: what each is, who may take it out, and the facts it shows. No models of its own."""
