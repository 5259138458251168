"""The people of the demo: operators, the people of the shops, buyers with an address."""

from dataclasses import dataclass

from apps.accounts.api import Address, ShopRole
from config.demo import logins


@dataclass(frozen=True, slots=True)
class Person:
    """`email` is the natural key."""

    email: str
    full_name: str


@dataclass(frozen=True, slots=True)
class ShopPerson(Person):
    """Somebody who works for a shop, by its handle."""

    shop: str
    role: ShopRole


@dataclass(frozen=True, slots=True)
class Buyer(Person):
    """A buyer with an address, who buys in a market."""

    market: str
    address: Address


ADMIN = Person(logins.ADMIN, "Ada Lindqvist")
OPERATOR = Person(logins.OPERATOR, "Omar Haddad")

SHOP_PEOPLE = (
    ShopPerson("northgate@demo.example", "Nell Hargreaves", "northgate-outfitters", ShopRole.OWNER),
    ShopPerson("northgate.packing@demo.example", "Tom Birtles", "northgate-outfitters", ShopRole.SUPPORT),
    ShopPerson("kettle@demo.example", "Kit Penrose", "kettle-and-crumb", ShopRole.OWNER),
    ShopPerson("cascade@demo.example", "Carla Reyes", "cascade-trail-co", ShopRole.OWNER),
    ShopPerson("rivertown@demo.example", "Ray Tolliver", "rivertown-records", ShopRole.OWNER),
    ShopPerson("verdier@demo.example", "Véronique Verdier", "maison-verdier", ShopRole.OWNER),
    ShopPerson("sumire@demo.example", "菫 花子", "kobo-sumire", ShopRole.OWNER),
    ShopPerson("jatoba@demo.example", "Joana Prado", "casa-jatoba", ShopRole.OWNER),
    ShopPerson(logins.LARKSPUR, "Lara Spurling", "studio-larkspur", ShopRole.OWNER),
    ShopPerson(logins.HOLT, "Hal Marsh", "pantry-of-holt", ShopRole.OWNER),
)

BUYERS = (
    Buyer(
        "buyer.gb@demo.example",
        "Beth Ainsworth",
        "GB",
        Address(recipient="Beth Ainsworth", line1="14 Bishy Road", city="York", postal_code="YO23 1BL", country="GB"),
    ),
    Buyer(
        "buyer.us@demo.example",
        "Ben Okafor",
        "US",
        Address(
            recipient="Ben Okafor",
            line1="1204 Alder Street",
            line2="Apt 7",
            city="Brooklyn",
            region="NY",
            postal_code="11201",
            country="US",
        ),
    ),
    Buyer(
        "buyer.fr@demo.example",
        "Brigitte Lemaire",
        "FR",
        Address(
            recipient="Brigitte Lemaire", line1="8 rue des Lilas", city="Nantes", postal_code="44000", country="FR"
        ),
    ),
    Buyer(
        "buyer.jp@demo.example",
        "文 太郎",
        "JP",
        Address(
            recipient="文 太郎", line1="寺町通5-2", city="京都市", region="京都府", postal_code="604-0991", country="JP"
        ),
    ),
    Buyer(
        "buyer.br@demo.example",
        "Bruno Carvalho",
        "BR",
        Address(
            recipient="Bruno Carvalho",
            line1="Rua Harmonia 310",
            city="São Paulo",
            region="SP",
            postal_code="05435-000",
            country="BR",
        ),
    ),
    Buyer(
        logins.BUYER,
        "Bea Demopoulos",
        "DEMO",
        Address(
            recipient="Bea Demopoulos", line1="1 Market Place", city="Norwich", postal_code="NR2 1ND", country="GB"
        ),
    ),
)
