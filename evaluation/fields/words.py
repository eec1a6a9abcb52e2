"""Invented parties and running text for generated documents, in the three languages."""

PARTIES = (
    "Namib Trading CC",
    "Oshana Farms (Pty) Ltd",
    "Kavango River Lodges Ltd",
    "Swakop Freight (Proprietary) Limited",
    "Brandberg Holdings, Inc.",
    "Kalahari Solar Company Limited",
    "Maria Shikongo",
    "Etosha Data Services GmbH",
    "Okahandja Boerdery BK",
    "Johannes van Wyk",
    "Zambezi Timber LLC",
    "Walvis Bay Cold Storage Ltd",
)
ROLES = (("Landlord", "Tenant"), ("Seller", "Buyer"), ("Lender", "Borrower"), ("Company", "Contractor"))

TEXT = {
    "en": (
        "The parties record that each of them has read this agreement and understands what it says.",
        "Any notice under this agreement is given in writing and delivered by hand or by electronic mail.",
        "The supplier shall keep the goods insured until they are delivered to the place that was agreed.",
        "No variation of this agreement binds the parties unless it is in writing and signed by both of them.",
        "A party who is in breach has fourteen days from the date of a notice to make it good.",
        "The title of each clause is for convenience only and has no effect on what the clause means.",
        "This agreement is governed by the laws of the Republic of Namibia.",
        "The name of the account holder shall appear on every invoice that is presented for payment.",
    ),
    "af": (
        "Die partye bevestig dat elkeen van hulle hierdie ooreenkoms gelees het en verstaan wat dit beteken.",
        "Enige kennisgewing ingevolge hierdie ooreenkoms word skriftelik gegee en per hand afgelewer.",
        "Geen wysiging van hierdie ooreenkoms bind die partye nie tensy dit op skrif gestel is.",
        "Die huurder betaal die huurgeld voor of op die eerste dag van elke maand.",
        "Hierdie ooreenkoms word deur die reg van die Republiek van Namibia beheers.",
    ),
    "de": (
        "Die Parteien haben diesen Vertrag gelesen und verstehen, was darin vereinbart ist.",
        "Der Mieter zahlt die Miete im Voraus, spätestens am dritten Werktag eines jeden Monats.",
        "Änderungen dieses Vertrages bedürfen der Schriftform, auch der Verzicht auf dieses Erfordernis.",
        "Die Kündigung ist nur wirksam, wenn sie der anderen Partei schriftlich zugegangen ist.",
        "Es gilt das Recht der Republik Namibia.",
    ),
}
