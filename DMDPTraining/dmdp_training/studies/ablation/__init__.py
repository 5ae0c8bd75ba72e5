"""The worth of each part of the network: variants trained alike on simulated patients, beside the stacking ensemble."""
