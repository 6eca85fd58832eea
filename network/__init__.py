"""How anything of this project reaches another machine; agents and data, which do not know each other, share it."""
