"""The plug-ins, as they are laid into the painting programs: copied from here, never imported."""
