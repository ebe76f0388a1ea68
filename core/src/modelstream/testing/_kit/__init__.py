"""What the laws of the conformance kit stand on."""
