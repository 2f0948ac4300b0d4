//! The Security channel, continued: what sessions do. Accounts, groups, tickets, services, tasks, shares, credentials,
//! policy.

use super::security::{AUDIT_CHANGE, PROCESS, SUBJECT, failure, field_u64, success};
use super::{Definition, FieldDef, guid, hex32, pointer, sid, text, time, u32};

const TARGET_ACCOUNT: &[FieldDef] =
    &[text("TargetUserName", "-"), text("TargetDomainName", "-"), sid("TargetSid", "S-1-0-0")];
const SERVICE: &[FieldDef] = &[
    text("ServiceName", "ExampleService"),
    text("ServiceFileName", "C:\\Windows\\example.exe"),
    hex32("ServiceType", "0x10"),
    u32("ServiceStartType", "3"),
    text("ServiceAccount", "LocalSystem"),
];
const CALLING_PROCESS: &[FieldDef] = &[
    field_u64("ClientProcessStartKey", "2251799813685300"),
    u32("ClientProcessId", "2408"),
    u32("ParentProcessId", "640"),
];
const TASK_CLIENT: &[FieldDef] = &[u32("RpcCallClientLocality", "0"), text("FQDN", "PC1")];

const TASK: &[FieldDef] = &[
    text("TaskName", "\\Example"),
    text("TaskContent", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task />"),
];
const USER_ATTRIBUTES: &[FieldDef] = &[
    text("PrivilegeList", "-"),
    text("SamAccountName", "-"),
    text("DisplayName", "%%1793"),
    text("UserPrincipalName", "-"),
    text("HomeDirectory", "%%1793"),
    text("HomePath", "%%1793"),
    text("ScriptPath", "%%1793"),
    text("ProfilePath", "%%1793"),
    text("UserWorkstations", "%%1793"),
    text("PasswordLastSet", "%%1794"),
    text("AccountExpires", "%%1794"),
    text("PrimaryGroupId", "513"),
    text("AllowedToDelegateTo", "-"),
    text("OldUacValue", "0x0"),
    text("NewUacValue", "0x15"),
    text("UserAccountControl", "\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084"),
    text("UserParameters", "%%1793"),
    text("SidHistory", "-"),
    text("LogonHours", "%%1797"),
];

const TICKET_REQUEST: &[FieldDef] = &[
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    sid("TargetSid", "S-1-0-0"),
    text("ServiceName", "krbtgt"),
    sid("ServiceSid", "CORP\\krbtgt"),
    hex32("TicketOptions", "0x40810010"),
    hex32("Status", "0x0"),
    hex32("TicketEncryptionType", "0x12"),
    text("PreAuthType", "2"),
    text("IpAddress", "-"),
    text("IpPort", "0"),
    text("CertIssuerName", ""),
    text("CertSerialNumber", ""),
    text("CertThumbprint", ""),
];

const SERVICE_TICKET: &[FieldDef] = &[
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    text("ServiceName", "-"),
    sid("ServiceSid", "S-1-0-0"),
    hex32("TicketOptions", "0x40810000"),
    hex32("TicketEncryptionType", "0x12"),
    text("IpAddress", "-"),
    text("IpPort", "0"),
    hex32("Status", "0x0"),
    guid("LogonGuid"),
    text("TransmittedServices", "-"),
];

const SHARE_CLIENT: &[FieldDef] =
    &[text("IpAddress", "-"), text("IpPort", "0"), text("ShareName", "\\\\*\\IPC$")];
const OBJECT_TYPE: &[FieldDef] = &[text("ObjectType", "File")];
const SHARE_PATH: &[FieldDef] = &[text("ShareLocalPath", "")];
const ACCESS: &[FieldDef] = &[hex32("AccessMask", "0x1"), text("AccessList", "%%4416\r\n\t\t\t\t")];

const SUPPORTED_TYPES: &[FieldDef] = &[
    text("AccountSupportedEncryptionTypes", "0x1C (RC4, AES128-SHA96, AES256-SHA96)"),
    text("AccountAvailableKeys", "AES-SHA1, RC4"),
    text("ServiceSupportedEncryptionTypes", "0x1C (RC4, AES128-SHA96, AES256-SHA96)"),
    text("ServiceAvailableKeys", "AES-SHA1, RC4"),
    text("DCSupportedEncryptionTypes", "0x1C (RC4, AES128-SHA96, AES256-SHA96)"),
    text("DCAvailableKeys", "AES-SHA1, RC4"),
    text("ClientAdvertizedEncryptionTypes", "AES256-CTS-HMAC-SHA1-96"),
    text("SessionKeyEncryptionType", "0x12"),
];
const PRE_AUTHENTICATION_TYPE: &[FieldDef] = &[text("PreAuthEncryptionType", "0x12")];
const TICKET_HASH: &[FieldDef] = &[text("ResponseTicket", "N/A")];
const TICKET_HASHES: &[FieldDef] = &[text("RequestTicketHash", "N/A"), text("ResponseTicketHash", "N/A")];
const RENEWAL: &[FieldDef] = &[
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    text("ServiceName", "krbtgt"),
    sid("ServiceSid", "CORP\\krbtgt"),
    hex32("TicketOptions", "0x2"),
    hex32("TicketEncryptionType", "0x12"),
    text("IpAddress", "-"),
    text("IpPort", "0"),
];

const PRIVILEGE_LIST: &[FieldDef] = &[text("PrivilegeList", "-")];
const MEMBER: &[FieldDef] = &[text("MemberName", "-"), sid("MemberSid", "S-1-0-0")];
const MEMBERSHIP_ENDS: &[FieldDef] = &[time("MembershipExpirationTime")];
const GLOBAL_GROUP: &[FieldDef] = &[
    text("TargetUserName", "Domain Admins"),
    text("TargetDomainName", "CORP"),
    sid("TargetSid", "S-1-5-21-1-2-3-512"),
];
const LOCAL_GROUP: &[FieldDef] = &[
    text("TargetUserName", "Administrators"),
    text("TargetDomainName", "Builtin"),
    sid("TargetSid", "S-1-5-32-544"),
];
const CALLER: &[FieldDef] =
    &[pointer("CallerProcessId", "0x4e8"), text("CallerProcessName", "C:\\Windows\\System32\\svchost.exe")];

const TASK_CHANGED: &[FieldDef] = &[
    text("TaskName", "\\Example"),
    text("TaskContentNew", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task />"),
];

const AUDIT_SOURCE: &[FieldDef] = &[text("AuditSourceName", "Example"), hex64_id("EventSourceId", "0x9b1c2")];
const OBJECT_SACL: &[FieldDef] = &[
    text("ObjectServer", "Security"),
    text("ObjectType", "File"),
    text("ObjectName", "C:\\Windows\\example.exe"),
    pointer("HandleId", "0x1b4"),
    text("OldSd", "S:AI"),
    text("NewSd", "S:ARAI(AU;SAFA;DCLCRPCRSDWDWO;;;WD)"),
];

const CREDENTIAL_FILE: &[FieldDef] =
    &[text("BackupFileName", "C:\\Users\\alice\\credentials.crd"), hex32("ProcessId", "0x4e8")];
const VAULT_FLAGS: &[FieldDef] = &[u32("Flags", "0")];
const VAULT_COUNT: &[FieldDef] = &[u32("CountOfCredentialsReturned", "1")];
const VAULT_CLIENT: &[FieldDef] = &[time("ProcessCreationTime"), u32("ClientProcessId", "1388")];
const VAULT_ITEM: &[FieldDef] = &[
    text("SchemaFriendlyName", "Windows Web Password Credential"),
    guid("Schema"),
    text("Resource", "https://example.org/"),
    text("Identity", "alice"),
    text("PackageSid", ""),
];
const RETURN_CODE: &[FieldDef] = &[u32("ReturnCode", "0")];

const fn hex64_id(name: &'static str, default: &'static str) -> FieldDef {
    super::hex64(name, default)
}

/// An event about an account, by a session.
const fn account(id: u16) -> Definition {
    success(id, 13824, &[TARGET_ACCOUNT, SUBJECT])
}

const fn account_with_privileges(id: u16) -> Definition {
    success(id, 13824, &[TARGET_ACCOUNT, SUBJECT, PRIVILEGE_LIST])
}

const fn task(id: u16) -> Definition {
    success(id, 12804, &[SUBJECT, TASK])
}

const fn task_v1(id: u16) -> Definition {
    success(id, 12804, &[SUBJECT, TASK, CALLING_PROCESS, TASK_CLIENT]).version(1)
}

const fn member(id: u16) -> Definition {
    success(id, 13826, &[MEMBER, GLOBAL_GROUP, SUBJECT, PRIVILEGE_LIST])
}

const fn member_until(id: u16) -> Definition {
    success(id, 13826, &[MEMBER, GLOBAL_GROUP, SUBJECT, PRIVILEGE_LIST, MEMBERSHIP_ENDS]).version(1)
}

const fn local_member(id: u16) -> Definition {
    success(id, 13826, &[MEMBER, LOCAL_GROUP, SUBJECT, PRIVILEGE_LIST])
}

/// Of several versions the last is the default: versions that are rare still come first.
pub(super) const AUDITING: &[Definition] = &[
    success(4697, 12289, &[SUBJECT, SERVICE]),
    success(4697, 12289, &[SUBJECT, SERVICE, CALLING_PROCESS]).version(1),
    task(4698),
    task_v1(4698),
    task(4699),
    task_v1(4699),
    task(4700),
    task_v1(4700),
    task(4701),
    task_v1(4701),
    success(4702, 12804, &[SUBJECT, TASK_CHANGED]),
    success(4702, 12804, &[SUBJECT, TASK_CHANGED, CALLING_PROCESS, TASK_CLIENT]).version(1),
    success(4720, 13824, &[TARGET_ACCOUNT, SUBJECT, USER_ATTRIBUTES]),
    account(4722),
    account_with_privileges(4723),
    account(4724),
    account(4725),
    account_with_privileges(4726),
    member_until(4728),
    member(4728),
    member(4729),
    success(4732, 13826, &[MEMBER, LOCAL_GROUP, SUBJECT, PRIVILEGE_LIST, MEMBERSHIP_ENDS]).version(1),
    local_member(4732),
    local_member(4733),
    success(4738, 13824, &[&[text("Dummy", "-")], TARGET_ACCOUNT, SUBJECT, USER_ATTRIBUTES]),
    success(4740, 13824, &[TARGET_ACCOUNT, SUBJECT]),
    member_until(4756),
    member(4756),
    member(4757),
    account(4767),
    success(4768, 14339, &[TICKET_REQUEST, TICKET_HASH]).version(1),
    success(4768, 14339, &[TICKET_REQUEST, TICKET_HASH, SUPPORTED_TYPES, PRE_AUTHENTICATION_TYPE]).version(2),
    success(4768, 14339, &[TICKET_REQUEST]),
    success(4769, 14337, &[SERVICE_TICKET, TICKET_HASHES]).version(1),
    success(4769, 14337, &[SERVICE_TICKET, TICKET_HASHES, SUPPORTED_TYPES]).version(2),
    success(4769, 14337, &[SERVICE_TICKET]),
    success(4770, 14337, &[RENEWAL, TICKET_HASHES]).version(1),
    success(4770, 14337, &[RENEWAL]),
    failure(
        4771,
        14339,
        &[&[
            text("TargetUserName", "-"),
            sid("TargetSid", "S-1-0-0"),
            text("ServiceName", "krbtgt/CORP"),
            hex32("TicketOptions", "0x40810010"),
            hex32("Status", "0x18"),
            text("PreAuthType", "2"),
            text("IpAddress", "-"),
            text("IpPort", "0"),
            text("CertIssuerName", ""),
            text("CertSerialNumber", ""),
            text("CertThumbprint", ""),
        ]],
    ),
    success(
        4781,
        13824,
        &[
            &[
                text("OldTargetUserName", "-"),
                text("NewTargetUserName", "-"),
                text("TargetDomainName", "-"),
                sid("TargetSid", "S-1-0-0"),
            ],
            SUBJECT,
            PRIVILEGE_LIST,
        ],
    ),
    success(
        4797,
        13824,
        &[
            SUBJECT,
            &[
                text("Workstation", "PC1"),
                text("TargetUserName", "Administrator"),
                text("TargetDomainName", "PC1"),
            ],
        ],
    ),
    success(4798, 13824, &[TARGET_ACCOUNT, SUBJECT, CALLER]),
    success(4799, 13826, &[LOCAL_GROUP, SUBJECT, CALLER]),
    success(4904, 13568, &[SUBJECT, AUDIT_SOURCE, PROCESS]),
    success(4905, 13568, &[SUBJECT, AUDIT_SOURCE, PROCESS]),
    success(4907, 13568, &[SUBJECT, OBJECT_SACL, PROCESS]),
    success(4908, 13568, &[&[text("SidList", "-")]]),
    success(4912, 13568, &[SUBJECT, &[sid("TargetUserSid", "S-1-0-0")], AUDIT_CHANGE]),
    success(5140, 12808, &[SUBJECT, SHARE_CLIENT]),
    success(5140, 12808, &[SUBJECT, OBJECT_TYPE, SHARE_CLIENT, SHARE_PATH, ACCESS]).version(1),
    success(
        5145,
        12811,
        &[
            SUBJECT,
            OBJECT_TYPE,
            SHARE_CLIENT,
            SHARE_PATH,
            &[text("RelativeTargetName", "srvsvc")],
            ACCESS,
            &[text("AccessReason", "-")],
        ],
    ),
    success(5376, 13824, &[SUBJECT, CREDENTIAL_FILE]),
    success(5377, 13824, &[SUBJECT, CREDENTIAL_FILE]),
    success(
        5379,
        13824,
        &[
            SUBJECT,
            &[
                text("TargetName", "WindowsLive:(token):name=02example;serviceuri=*"),
                u32("Type", "0"),
                u32("CountOfCredentialsReturned", "0"),
                text("ReadOperation", "%%8100"),
                u32("ReturnCode", "3221226021"),
                time("ProcessCreationTime"),
                u32("ClientProcessId", "1388"),
            ],
        ],
    ),
    success(5381, 13824, &[SUBJECT, VAULT_FLAGS, VAULT_COUNT, VAULT_CLIENT]),
    success(5382, 13824, &[SUBJECT, VAULT_ITEM, VAULT_FLAGS, RETURN_CODE, VAULT_CLIENT]),
];
