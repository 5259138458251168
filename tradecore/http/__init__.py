"""The edge's words: how requests are read and answers are written, for every surface alike."""
