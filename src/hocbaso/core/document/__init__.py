"""The year sheet (tờ năm học): model, canonical XML, XSD, transcript codes."""
