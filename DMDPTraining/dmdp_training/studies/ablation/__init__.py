"""What each part of the network is worth: variants trained alike on simulated patients, beside the stacking ensemble."""
