"""What a plan does about the errors of forecasts: headroom, or several courses at once."""
