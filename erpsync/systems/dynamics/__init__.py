"""Microsoft Dynamics 365: Business Central, and Finance and Operations."""
