"""Evidence records (RFC 4998) over the node's issued sheets: built, renewed, handed out sheet by sheet."""
