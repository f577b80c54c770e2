"""What the apps' admin pages share: base classes, columns, confirmation pages. Knows no model."""
