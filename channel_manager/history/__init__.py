"""What happened, append-only, by kind and id; and the one runner of life-cycle transitions."""
