"""Which clauses a contract of a kind usually has, and which bind unusually; each with what a person may do.

Labels are those of CUAD v1. Of advice there is one sentence; it is about the clause's subject, never legal advice.
"""

from collections.abc import Mapping

USUAL_IN_ALL: Mapping[str, str] = {
    "Governing Law": "Say which country's or state's law governs the contract; without it a court decides that first.",
    "Expiration Date": "Say when the contract ends, or that it runs until somebody ends it.",
    "Anti-Assignment": "Say whether a party may hand the contract to somebody else.",
}
"""What most commercial contracts say, whatever they are about."""

_LIABILITY = {"Cap On Liability": "Say how far a party is liable; without a cap it is liable for all of the damage."}
_INSURANCE = {"Insurance": "Say which insurance a party must have while the contract runs."}
_AUDIT = {"Audit Rights": "Say who may look into the books on which payments rest."}
_GRANT = {"License Grant": "Say what the licensee may use, and for what; without a grant it may use nothing."}
_ASSIGNED_WORK = {"Ip Ownership Assignment": "Say who owns what is made under the contract."}
_NOTICE_TO_END = {
    "Termination For Convenience": "Say whether, and with how much notice, a party may end the contract without "
    "a reason."
}
_MINIMUM = {"Minimum Commitment": "Say whether a least quantity must be bought or sold."}

USUAL: Mapping[str, Mapping[str, str]] = {
    "license": {**_GRANT, **_LIABILITY, "Non-Transferable License": "Say whether the licence may be passed on."},
    "distribution": {
        **_LIABILITY,
        **_MINIMUM,
        "Exclusivity": "Say whether the distributor is the only one in its territory.",
    },
    "manufacturing": {**_LIABILITY, **_INSURANCE, **_AUDIT, **_MINIMUM},
    "supply": {**_LIABILITY, **_INSURANCE, **_AUDIT, **_MINIMUM},
    "maintenance": {**_LIABILITY, **_NOTICE_TO_END},
    "hosting": {**_LIABILITY, **_NOTICE_TO_END},
    "consulting": {**_ASSIGNED_WORK, **_NOTICE_TO_END},
    "outsourcing": {**_LIABILITY, **_AUDIT, **_INSURANCE, **_NOTICE_TO_END},
    "development": {**_ASSIGNED_WORK, **_LIABILITY},
    "service": {**_LIABILITY, **_NOTICE_TO_END, **_INSURANCE},
    "franchise": {**_GRANT, **_AUDIT, **_INSURANCE},
    "sponsorship": {**_GRANT},
    "marketing": {**_LIABILITY, "Revenue/Profit Sharing": "Say how what is earned together is shared."},
    "collaboration": {**_LIABILITY, **_ASSIGNED_WORK},
    "non_compete": {
        "Non-Compete": "Say what is forbidden, where, and for how long; what is not said is not forbidden."
    },
}
"""By the code of the document's type."""

UNUSUAL: Mapping[str, str] = {
    "Uncapped Liability": "Liability is not capped for everything: check that you can bear that.",
    "Irrevocable Or Perpetual License": "A licence cannot be taken back, or never ends: check that this is meant.",
    "Unlimited/All-You-Can-Eat-License": "A licence has no limit of use: check the price against that.",
    "Most Favored Nation": "Somebody must be offered the best terms that anybody gets: check what that does to "
    "other deals.",
    "Liquidated Damages": "A sum is fixed in advance as damages: check whether it is in proportion.",
    "Non-Compete": "Somebody may not compete: check for how long, where, and whether that is lawful.",
    "Exclusivity": "Somebody may deal with nobody else: check for how long and for what.",
    "Covenant Not To Sue": "Somebody gives up claims in advance: check which.",
    "Change Of Control": "A sale of a party has consequences for the contract: check which.",
    "Minimum Commitment": "A least quantity or sum is owed: check that it will be reached.",
    "Third Party Beneficiary": "Somebody who does not sign gets rights: check who.",
    "No-Solicit Of Employees": "Employees may not be hired away: check for how long.",
    "No-Solicit Of Customers": "Customers may not be approached: check for how long.",
    "Source Code Escrow": "Source code is deposited with somebody: check when it is released.",
}
"""Clauses that bind more than people expect."""
