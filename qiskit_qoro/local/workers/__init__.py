"""Worker processes, which run circuits because the engine can crash, hang or exhaust memory."""
