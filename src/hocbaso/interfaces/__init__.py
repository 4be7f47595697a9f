"""Third floor: parse, ask the policy, run one use case or query, render."""
