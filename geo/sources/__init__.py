"""Every file format → a frame and its provenance: the only code that opens a user's file."""
