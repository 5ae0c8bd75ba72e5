"""The DMDP network: CT and PET encoders that attend to each other, a table encoder, one head per task."""
