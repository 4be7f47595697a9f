"""Bộ, Sở, commune, school: a tree with validity dates, and the dated settings of each unit."""
