"""What the program says about itself: logs without customer words, figures, traces, and stalls of its own loop."""
