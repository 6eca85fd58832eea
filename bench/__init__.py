"""What Curator reaches, measured: ``make bench``, or ``python -m bench accuracy queue ...`` for parts of it."""
