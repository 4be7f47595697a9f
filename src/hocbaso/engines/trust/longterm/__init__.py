"""What keeps a signature provable for decades: policy, validation data, archive time stamps."""
