"""Speech and transcription, with real clients and scripted providers."""
