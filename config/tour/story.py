"""The story, from the first look to the last event."""

from config.demo import logins
from config.tour.arriving import arrive, become_guest, browse, sign_in
from config.tour.buying import buy, leave_unpaid, pay_at_the_bank, take_quote
from config.tour.complaining import complain
from config.tour.earning import see_account, see_documents, see_settlement
from config.tour.ending import cancel, read_events, see_completed, see_expired, see_refund
from config.tour.guide import Guide
from config.tour.paying_out import pay_out
from config.tour.selling import go_to_counter, send_parcel


def tell(guide: Guide) -> None:
    """Live the orders. Raises PromiseBroken and Unreachable."""
    arrive(guide)
    bea = sign_in(guide, "Bea", logins.BUYER)
    shelf = browse(guide)
    quote = take_quote(guide, bea, shelf)
    purchase = buy(guide, bea, quote)
    unpaid = leave_unpaid(guide, bea, shelf)
    guest = become_guest(guide)
    confirmed = pay_at_the_bank(guide, guest, shelf)
    counters = [go_to_counter(guide, name, email) for name, email in (("Lara", logins.LARKSPUR), ("Hal", logins.HOLT))]
    cancel(guide, guest, confirmed, counters)
    lara, hal = counters
    send_parcel(guide, lara, purchase)
    complaint = complain(guide, bea, lara, purchase, shelf)
    send_parcel(guide, hal, purchase)
    see_settlement(guide, lara, complaint)
    see_account(guide, lara)
    pay_out(guide, lara)
    see_completed(guide, bea, purchase)
    see_documents(guide, bea, purchase, complaint)
    see_expired(guide, bea, unpaid, shelf)
    read_events(guide, lara, purchase)
    see_refund(guide, sign_in(guide, "an operator", logins.OPERATOR), confirmed)
