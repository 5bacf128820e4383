"""Animations: GIF, APNG, WebP and AVIF sequences, read and written one frame at a time.

`reader.open_animation` reads, `writer.open_animation_writer` writes. libvips decodes and encodes the frames of GIF and
PNG, and encodes those of WebP; Pillow does the rest.
"""
