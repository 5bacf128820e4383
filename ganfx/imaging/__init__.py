"""Pictures in memory and what is computed on their pixels: color, guided filtering, holes filled with patches."""
