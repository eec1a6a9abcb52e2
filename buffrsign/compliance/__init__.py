"""Evidence against the provisions of a law: pure, data in and findings out."""

from buffrsign.compliance.claims import claims_of_accreditation
from buffrsign.compliance.engine import check
from buffrsign.compliance.evidence import AccreditationRecord, Evidence, EvidenceRefused
from buffrsign.compliance.policy import Policy, PolicyRefused, load_policy
from buffrsign.compliance.report import Finding, Report
from buffrsign.compliance.rule import Outcome

__all__ = [
    "AccreditationRecord",
    "Evidence",
    "EvidenceRefused",
    "Finding",
    "Outcome",
    "Policy",
    "PolicyRefused",
    "Report",
    "check",
    "claims_of_accreditation",
    "load_policy",
]
