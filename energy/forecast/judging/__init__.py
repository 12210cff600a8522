"""How good forecasts are: rolling origin on any CSV, scores, rivals, and what an error costs."""
