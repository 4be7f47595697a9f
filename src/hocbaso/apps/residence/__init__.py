"""Residence: dated history from data, so that no school asks for paper (NĐ 104/2022/NĐ-CP)."""
