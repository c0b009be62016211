"""From the text of a module to notebooks, pages and pictures."""
