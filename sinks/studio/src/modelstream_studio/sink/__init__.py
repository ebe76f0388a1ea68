"""The sink: what it is told goes to Studio, in the background, without ever holding anybody up."""
