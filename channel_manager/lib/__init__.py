"""Code that knows no model of ours: any app may import it, it imports none."""
