"""The laws of the conformance kit, and the tools that they use."""
