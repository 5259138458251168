"""The people, by e-mail address."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from apps.accounts import api as accounts
from config.demo.logins import PASSWORD
from config.demo.people import ADMIN, BUYERS, OPERATOR, SHOP_PEOPLE, Buyer, Person, ShopPerson
from config.demo.site import ACTOR, Site
from tradecore import db

#: Operators see every page of the admin; what they may do there is granted to them in it.
OPERATORS = "operators"

#: Deciders are the second pair of eyes: they decide what somebody else has asked for.
DECIDERS = "deciders"


def build_people(*, site: Site) -> None:
    """Sign up whoever is not there yet, and give them what they come with."""
    _build_admin(site)
    _build_operator(site)
    for person in SHOP_PEOPLE:
        _build_shop_person(person, site)
    for buyer in BUYERS:
        _build_buyer(buyer, site)


def _build_admin(site: Site) -> None:
    """As `manage.py createsuperuser` does: there is no other way to one."""
    if accounts.find_user_id(email=ADMIN.email) is None:
        get_user_model().objects.create_superuser(ADMIN.email, PASSWORD, full_name=ADMIN.full_name)
        site.count("people")


def _build_operator(site: Site) -> None:
    user_id, is_new = _find_or_sign_up(OPERATOR, site)
    if is_new:
        _appoint(user_id)
    if not Group.objects.filter(name=DECIDERS).exists():
        _let_decide(user_id)


@db.use_case
def _appoint(user_id: int) -> None:
    """What an administrator does on the page of a user: staff, and one of the operators."""
    operators, is_new = Group.objects.get_or_create(name=OPERATORS)
    if is_new:
        operators.permissions.set(Permission.objects.filter(codename__startswith="view_"))
    user = get_user_model().objects.get(pk=user_id)
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.groups.add(operators)


@db.use_case
def _let_decide(user_id: int) -> None:
    """The same for what takes two: the administrator asks, the operator decides."""
    deciders = Group.objects.create(name=DECIDERS)
    deciders.permissions.set(Permission.objects.filter(codename="change_approval"))
    get_user_model().objects.get(pk=user_id).groups.add(deciders)


def _build_shop_person(person: ShopPerson, site: Site) -> None:
    user_id, is_new = _find_or_sign_up(person, site)
    if is_new:
        shop = site.shops[person.shop]
        accounts.add_shop_staff(shop_id=shop.id, user_id=user_id, role=person.role, actor=ACTOR, now=site.now)


def _build_buyer(buyer: Buyer, site: Site) -> None:
    user_id, is_new = _find_or_sign_up(buyer, site)
    if is_new:
        accounts.add_address(user_id=user_id, address=buyer.address, is_default=True)


def _find_or_sign_up(person: Person, site: Site) -> tuple[int, bool]:
    """The id of their account, and whether it is new."""
    user_id = accounts.find_user_id(email=person.email)
    if user_id is not None:
        return user_id, False
    profile = accounts.sign_up(email=person.email, password=PASSWORD, full_name=person.full_name, now=site.now)
    site.count("people")
    return profile.id, True
