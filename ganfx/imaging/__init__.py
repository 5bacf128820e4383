"""Pictures in memory and what is computed on their pixels: color, guided filtering, PatchMatch."""
