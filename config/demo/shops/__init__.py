"""The shops, a module for each market."""

from config.demo.shops import br, demo, fr, gb, jp, us

SHOPS = (*gb.SHOPS, *us.SHOPS, *fr.SHOPS, *jp.SHOPS, *br.SHOPS, *demo.SHOPS)
