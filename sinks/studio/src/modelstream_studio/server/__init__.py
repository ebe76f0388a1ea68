"""The server: takes what programs report, keeps it, and shows it to browsers."""
