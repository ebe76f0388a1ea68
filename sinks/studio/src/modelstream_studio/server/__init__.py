"""The server: receives what programs report, stores it, and shows it to browsers."""
