"""What keeps issued sheets provable for decades: validation data and archive time stamps."""
