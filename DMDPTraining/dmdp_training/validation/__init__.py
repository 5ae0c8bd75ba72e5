"""How well a model does on patients that it has not seen."""
