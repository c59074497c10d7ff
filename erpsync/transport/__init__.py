"""The only home of requests, zeep and lxml: calls out, and the translation of what goes wrong into domain errors."""
