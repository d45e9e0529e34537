"""What a print shows before any minutia is looked for: ridges, their distance and polarity, quality."""
