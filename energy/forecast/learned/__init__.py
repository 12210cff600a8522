"""The learned rung: features, ridge and trees, its band, and how a model is kept in a file and accepted."""
