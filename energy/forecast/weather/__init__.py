"""Weather forecasts from elsewhere: CSV files, Open-Meteo, the DWD's MOSMIX; fetched beside the loop."""
