"""Year sheets: freeze, sign, issue, log, render."""
