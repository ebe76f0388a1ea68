"""What tests of model wrappers and sinks stand on; nothing here is imported by the rest of modelstream."""
