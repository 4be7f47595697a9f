"""Who may do what with periods."""
