"""What people do with periods, unlock cases and reviews; one module a verb or a small group of them."""
