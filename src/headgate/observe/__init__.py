"""What is told of runs and requests to those who watch the server: numbers, lines of a log, traces."""
