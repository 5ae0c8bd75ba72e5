"""How well the models of the published tables do on patients that they have not seen."""
